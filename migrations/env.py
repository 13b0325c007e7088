"""Alembic's environment: the same database rules as the crawl."""

from alembic import context
from scrapy.utils.project import get_project_settings

from crawler.db.models import Base
from crawler.db.session import archive_database, connect


def migrate(connection):
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    settings = get_project_settings()
    with archive_database(settings["DATABASE_URL"], settings["ARCHIVE_DIR"]) as url:
        engine = connect(url)
        with engine.connect() as connection:
            migrate(connection)
        engine.dispose()

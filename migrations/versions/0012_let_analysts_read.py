"""Let analysts read: the role archive_reader, which reads all of the archive and writes nothing."""

import logging

from alembic import context, op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

logger = logging.getLogger(__name__)

# A role is one for all databases of a server: another archive may have made it, may be making it
# at this moment, and may be dropping it, in which case all of this begins anew.
ADMIT_READER = """
CREATE FUNCTION analyst.admit_reader() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    FOR attempt IN 1..20 LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'archive_reader') THEN
                CREATE ROLE archive_reader LOGIN;
                COMMENT ON ROLE archive_reader IS 'Reads archives of news and writes nothing.';
                ALTER ROLE archive_reader SET statement_timeout = '10min';
                ALTER ROLE archive_reader SET idle_in_transaction_session_timeout = '10min';
                ALTER ROLE archive_reader SET idle_session_timeout = '12h';
            END IF;
            EXECUTE format('GRANT CONNECT ON DATABASE %I TO archive_reader', current_database());
            GRANT USAGE ON SCHEMA public, analyst TO archive_reader;
            GRANT SELECT ON ALL TABLES IN SCHEMA public, analyst TO archive_reader;
            GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, analyst TO archive_reader;
            ALTER DEFAULT PRIVILEGES IN SCHEMA public, analyst
                GRANT SELECT ON TABLES TO archive_reader;
            ALTER DEFAULT PRIVILEGES IN SCHEMA public, analyst
                GRANT SELECT ON SEQUENCES TO archive_reader;
            RETURN NULL;
        EXCEPTION
            WHEN unique_violation OR duplicate_object OR undefined_object THEN
                NULL;
            WHEN insufficient_privilege THEN
                RETURN SQLERRM;
        END;
    END LOOP;
    RETURN 'the role is being made and dropped elsewhere';
END
$$
"""
COMMENT = "Makes the role archive_reader where it may, and lets it read this database; null, or why it could not. An administrator may make the role instead: then this lets it in."

DISMISS_READER = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'archive_reader') THEN
        ALTER DEFAULT PRIVILEGES IN SCHEMA public, analyst
            REVOKE SELECT ON TABLES FROM archive_reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public, analyst
            REVOKE SELECT ON SEQUENCES FROM archive_reader;
        REVOKE ALL ON ALL TABLES IN SCHEMA public, analyst FROM archive_reader;
        REVOKE ALL ON ALL SEQUENCES IN SCHEMA public, analyst FROM archive_reader;
        REVOKE ALL ON SCHEMA public, analyst FROM archive_reader;
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM archive_reader', current_database());
        BEGIN
            DROP ROLE archive_reader;
        EXCEPTION
            -- Other archives of the server have it too, or an administrator made it: it stays.
            WHEN dependent_objects_still_exist OR insufficient_privilege OR undefined_object THEN
                NULL;
        END;
    END IF;
END
$$
"""


def upgrade():
    op.execute(ADMIT_READER)
    op.execute(f"COMMENT ON FUNCTION analyst.admit_reader() IS '{COMMENT}'")
    if context.is_offline_mode():
        op.execute("SELECT analyst.admit_reader()")
    elif reason := op.get_bind().exec_driver_sql("SELECT analyst.admit_reader()").scalar():
        logger.warning(
            "There is no read-only role for analysts: %s. The archive works without it. For one, "
            "let an administrator of the server run `CREATE ROLE archive_reader LOGIN` and then "
            "run `scrapy db upgrade`.",
            reason,
        )


def downgrade():
    op.execute("DROP FUNCTION analyst.admit_reader()")
    op.execute(DISMISS_READER)

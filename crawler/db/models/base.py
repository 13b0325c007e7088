"""What all tables share: names of constraints by one convention, types of columns."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, DateTime, MetaData, Text
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        }
    )
    type_annotation_map: ClassVar = {str: Text, int: BigInteger, datetime: DateTime(timezone=True)}


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The SQL of a rule that a column holds one of these words."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"

"""Three layouts as different as real systems, by name."""

from tests.site.layouts.base import Layout
from tests.site.layouts.post import PostLayout
from tests.site.layouts.semantic import SemanticLayout
from tests.site.layouts.table import TableLayout

LAYOUTS: dict[str, type[Layout]] = {
    layout.name: layout for layout in (TableLayout, PostLayout, SemanticLayout)
}

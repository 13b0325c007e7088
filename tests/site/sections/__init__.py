"""The sections of the site, in the order of its menus."""

from tests.site.sections.culture import CULTURE
from tests.site.sections.economy import ECONOMY
from tests.site.sections.health import HEALTH
from tests.site.sections.jerusalem import JERUSALEM
from tests.site.sections.local import LOCAL
from tests.site.sections.politics import POLITICS
from tests.site.sections.section import Section
from tests.site.sections.sport import SPORT
from tests.site.sections.world import WORLD

__all__ = ["SECTIONS", "WORLD", "Section"]

SECTIONS = (POLITICS, LOCAL, JERUSALEM, ECONOMY, WORLD, SPORT, CULTURE, HEALTH)

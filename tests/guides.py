"""What users read: README, and the guides of docs/ in the order of the site.

    >>> from tests.guides import GUIDES, README
    >>> README.startswith("# microgradx"), GUIDES[1].name
    (True, 'install.md')
"""
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAVIGATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
GUIDES = [ROOT / "README.md", *(ROOT / "docs" / name for name in re.findall(r"^ +- (\w+\.md)$", NAVIGATION, re.M))]
README = GUIDES[0].read_text(encoding="utf-8")
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in GUIDES)

"""Print the lowest versions that pyproject.toml allows, as pip's requirements.

They stand there and nowhere else: what is tested is what is promised.
"""

import re
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
for requirement in project["dependencies"]:
    if ";" in requirement:  # of another system; the lowest are tested on Linux
        continue
    name, version = re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement).groups()
    print(f"{name}=={version}")

"""``python -m radiomics_mammo.features.catalogue``: write the catalogue, or check a written one."""

import sys

from radiomics_mammo.features.catalogue import main

if __name__ == "__main__":
    sys.exit(main())

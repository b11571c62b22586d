"""What ``python -m radiomics_mammo.benchmark`` measures, one question a file."""

"""The breast on a mammogram, found and made comparable: one step a file, ``prepare.prepare_breast`` runs them."""

"""The kinds of models, one module each; :data:`~radiomics_mammo.evaluation.training.registry.MODELS` lists them."""

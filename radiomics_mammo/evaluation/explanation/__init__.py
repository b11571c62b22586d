"""Explanation of a model by SHAP: contributions, groups, stability."""

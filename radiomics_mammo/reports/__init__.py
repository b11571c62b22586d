"""From SHAP values to a data frame, to figures, to the page. Sees tables and arrays, never a reader."""

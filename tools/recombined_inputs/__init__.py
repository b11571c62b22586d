"""Image and mask files in every combination that people bring, with the region that each one means.

Four choices make one input: how the mask is drawn (``masks``), where it lies (``frames``), what the files are
(``files``) and how the list of cases is spelt (``lists``). ``python -m tools.recombined_inputs`` reads them.
"""

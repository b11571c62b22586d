"""The reader of CBIS-DDSM."""

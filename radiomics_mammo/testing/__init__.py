"""Conformance tests for extensions: call ``check_...`` on your own filter, reader, estimator, section or backend."""

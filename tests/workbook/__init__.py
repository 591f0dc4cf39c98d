"""The workbook's data from a run of the simulator: ``python -m tests.workbook``."""

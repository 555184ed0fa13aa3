"""Every way in which a case changes, one story a file: intake, transfer, acceptance, approval, result, closing."""

"""The machine room: accounts, failed jobs, the audit trail."""

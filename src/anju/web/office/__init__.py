"""The office: accounts and the posts they hold, for the administrator; the journal, for the auditor."""

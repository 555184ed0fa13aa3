"""The same operations for programs, described at /api/v1/openapi.json and, for people, at /api/v1/docs.

Reading order: `urls` (everything that is there), `auth` (who asks), `writing` (each write counts once),
`problems` (how it says no), `bodies` and `shapes` (what goes in and out), `showing` (a case as such a shape),
then one file for each part of the work: `catalogue`, `cases`, `papers`, `forms`, `steps`, `queues`, `calendars`.
"""

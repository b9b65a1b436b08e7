"""The call log's accounts: raw facts are kept once and for ever, everything else is derived from them.

`reading` turns queue_log lines into values, `store` keeps them (and a flow's steps) as call events,
`machine` derives what happened on a call, `derived` writes that as rows, `integrity` says what did not
fit. Live states (who is waiting now) are not here: they come from AMI.
"""

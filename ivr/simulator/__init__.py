"""A telephone system and its callers in a box: a working day in which every call runs through the real flow.

`plan` says who works and who calls, `callers` how a caller behaves, `floor` is the queues with their agents,
`line` drives one call through the flow interpreter, `day` runs it all and hands over what Asterisk would
have written. Nothing here touches a telephone, a clock or a network; one seed gives one day.
"""

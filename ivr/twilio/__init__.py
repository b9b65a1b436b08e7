"""Calls that come through Twilio: the TwiML driver of the call flow, the queue's dispatcher, recordings, set-up.

HTTP is not known here: `web.hooks` checks who asks and hands over values. What Twilio's REST API is asked for
goes through one port, `ivr.twilio.api`.
"""

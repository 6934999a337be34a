"""Mails to staff: written in the transaction that gives the reason, sent by a job."""

"""Tests of mails to staff."""

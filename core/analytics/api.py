"""The door of analytics: the only module other features import."""

from core.analytics.answers import Answers, answers
from core.analytics.sales import EVERYBODYS_DAYS, MAX_DAYS, DaySales, Period, Sales, sales

__all__ = ["EVERYBODYS_DAYS", "MAX_DAYS", "Answers", "DaySales", "Period", "Sales", "answers", "sales"]

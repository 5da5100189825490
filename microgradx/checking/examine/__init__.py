"""An examination of somebody's own engine, in the order in which a course builds one. In the order of reading:

exercise.py     one check: a program of a few lines, and what a wrong answer betrays
lessons.py      all of them, lesson by lesson
worker.py       runs them in another process, so that an endless loop or a crash is a result
examination.py  examine(), which collects the findings
report.py       the findings as text, JSON and JUnit's XML
"""

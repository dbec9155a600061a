"""Runs in the guest on client A: a training process with the real Trackio.

trackio_log.py PROJECT CALLS_PER_SECOND SECONDS QUIET NOTED STOP

Logs until SECONDS are over or the file STOP exists, but nothing for QUIET seconds after a third of them: caches of
other clients then believe for longer that nothing changes. Every log() that has returned is one line of the file NOTED: its
number from 1, and the time in milliseconds since 1970.
"""

import os
import sys
import time

import trackio

project, rate, seconds, quiet, noted, stop = sys.argv[1:]
trackio.init(project=project, name="run", auto_log_gpu=False, auto_log_cpu=False, embed=False)
file = os.open(noted, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
began = time.time()
number = 0
while time.time() - began < float(seconds) and not os.path.exists(stop):
    number += 1
    trackio.log({"loss": 1.0 / number, "number": number})
    os.write(file, b"%d %.3f\n" % (number, time.time() * 1000))
    time.sleep(max(0.0, began + number / float(rate) - time.time()))
    if number == int(float(seconds) / 3 * float(rate)):
        time.sleep(float(quiet))
        began += float(quiet)
        seconds = float(seconds) - float(quiet)
trackio.finish()

"""What ``twistd lanchat`` is. Data only: twistd reads this file at every start, for every command."""

from twisted.application.service import ServiceMaker

lanchat = ServiceMaker("lanchat", "lanchatd.tap", "A chat server for the people on one network.", "lanchat")

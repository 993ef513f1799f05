"""Settings for Django's own tests, and a runner that writes each outcome as a line to the file that OUTCOMES names.

A line is `name<TAB>passed|failed|skipped<TAB>why`; test/clients/outcomes.ts reads these lines.
"""
import json
import os
import unittest

import pymysql
from django.test.runner import DiscoverRunner

pymysql.install_as_MySQLdb()
from django.db.backends.mysql.features import DatabaseFeatures  # noqa: E402: it needs MySQLdb

# Tables that are made before the first test name collations, of which TiDB has few.
DatabaseFeatures.test_collations = {
    "ci": "utf8mb4_general_ci",
    "non_default": "utf8mb4_unicode_ci",
    "swedish_ci": "utf8mb4_general_ci",
    "virtual": "utf8mb4_unicode_ci",
}

SERVER = {"ENGINE": "django.db.backends.mysql", "HOST": "127.0.0.1", "PORT": os.environ["DB_PORT"], "USER": "root"}
DATABASES = {"default": {**SERVER, "NAME": "django"}, "other": {**SERVER, "NAME": "django_other"}}
SECRET_KEY = "of no use to anybody"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
TEST_RUNNER = "django_settings.Runner"


class Result(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.file = open(os.environ["OUTCOMES"], "a", encoding="utf-8")
        self.failed = {}

    def write(self, test, status, text=""):
        print(test.id(), status, json.dumps(text[-1500:]), sep="\t", file=self.file, flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.failed[test.id()] = self.failures[-1][1]

    def addError(self, test, err):
        super().addError(test, err)
        self.failed[test.id()] = self.errors[-1][1]
        # What fails outside of a test, such as setUpClass, is neither started nor stopped.
        if isinstance(test, unittest.suite._ErrorHolder):
            self.write(test, "failed", self.failed[test.id()])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.failed[test.id()] = str(subtest) + ": " + self._exc_info_to_string(err, test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skipped_ids = getattr(self, "skipped_ids", set()) | {test.id()}

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.failed[test.id()] = "an unexpected success"

    def stopTest(self, test):
        super().stopTest(test)
        if test.id() in self.failed:
            self.write(test, "failed", self.failed[test.id()])
        else:
            self.write(test, "skipped" if test.id() in getattr(self, "skipped_ids", ()) else "passed")


class Runner(DiscoverRunner):
    def get_resultclass(self):
        return Result

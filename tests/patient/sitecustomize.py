"""Python imports this before anything else in the receivers whose `PYTHONPATH` names this folder, see `PATIENT` in
`tests.conftest`: on a machine that is busy with other tests a Redis that stands still for a second is no Redis that
hangs. What a receiver does without an answer in time has tests with receivers as they are."""

import leadcore.store.connection
import receiver.intake.group_commit

leadcore.store.connection.RECEIVER_TIMEOUT = 10.0
receiver.intake.group_commit.ANSWER_SECONDS = 20.0

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "synap/command_line.h"
#include "synap/commands.h"
#include "synap/completion.h"
#include "synap/made_command.h"

// A standard stream that is closed would be the number of the next file or socket that is opened,
// and what is printed would go there. Reading from and writing to these fail, or do nothing.
static void occupy_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest free number is this one. stdout is opened for reading, so that a write fails.
    const int opened = ::open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY);
    if (opened != stream) std::abort();
  }
}

int main(int argc, char** argv) {
  using namespace synap::cli;
  occupy_standard_streams();
  // A reader that is gone is an error of the write, which says so where it happens.
  std::signal(SIGPIPE, SIG_IGN);
  // So is a file that may not grow (ulimit -f, LimitFSIZE=): like a full disk, it ends no pod.
  std::signal(SIGXFSZ, SIG_IGN);
  Program program{.groups = {{"events", "What happened"},
                             {"runs", "What was done for it"},
                             {"dlq", "What was given up: dead letters"},
                             {"users", "Who may come in"},
                             {"keys", "What they come in with"},
                             {"log", "The hash chain of all events"},
                             {"projections", "The read models, which follow from the log"},
                             {"search", "What you have, by its words"},
                             {"import", "Bring in what you have"},
                             {"content", "The text of notes, in files or in a bucket"},
                             {"model", "What makes texts comparable by their meaning"}},
                  .commands =
                      {
                          serve_command(),
                          open_command(),
                          login_command(),
                          contexts_command(),
                          logout_command(),
                          call_command(),
                          events_list_command(),
                          events_get_command(),
                          events_tail_command(),
                          runs_list_command(),
                          runs_show_command(),
                          runs_retry_command(),
                          runs_watch_command(),
                          agents_watch_command(),
                          dlq_list_command(),
                          dlq_groups_command(),
                          dlq_replay_command(),
                          dlq_discard_command(),
                          users_list_command(),
                          users_create_command(),
                          keys_list_command(),
                          keys_create_command(),
                          keys_revoke_command(),
                          keys_reset_command(),
                          log_verify_command(),
                          projections_list_command(),
                          projections_rebuild_command(),
                          projections_verify_command(),
                          search_command(),
                          import_markdown_command(),
                          export_command(),
                          content_migrate_command(),
                          migrate_engine_command(),
                          model_add_command(),
                          model_list_command(),
                          model_remove_command(),
                          doctor_command(),
                          logs_command(),
                          version_command(),
                          openapi_command(),
                      },
                  .made = made_commands};
  program.commands.push_back(completion_command(program));
  return run_command_line(program, argc, argv);
}

// Every command of the program, one function each. What it does is said in its docs.
#pragma once

#include "synap/command_line.h"

namespace synap::cli {

Command serve_command();
Command open_command();
Command login_command();
Command logout_command();
Command contexts_command();
Command logs_command();
Command version_command();
Command call_command();
Command events_list_command();
Command events_get_command();
Command events_tail_command();
Command runs_list_command();
Command runs_show_command();
Command runs_retry_command();
Command runs_watch_command();
Command agents_watch_command();
Command dlq_list_command();
Command dlq_groups_command();
Command dlq_replay_command();
Command dlq_discard_command();
Command users_list_command();
Command users_create_command();
Command keys_list_command();
Command keys_create_command();
Command keys_revoke_command();
Command keys_reset_command();
Command log_verify_command();
Command projections_list_command();
Command projections_rebuild_command();
Command projections_verify_command();
Command search_command();
Command import_markdown_command();
Command export_command();
Command content_migrate_command();
Command migrate_engine_command();
Command model_add_command();
Command model_list_command();
Command model_remove_command();
Command doctor_command();
Command openapi_command();

}  // namespace synap::cli

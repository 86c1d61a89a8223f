// Tasks: what is to be done, by when, and for which project.
#include "features/noun/dates.h"
#include "features/noun/noun.h"

namespace synap::features::tasks {
namespace {

struct Task {
  std::string title;
  std::string description;
  std::optional<std::string> due_date;
  std::string priority;
  std::string status;
  std::optional<std::string> project_id;
};
const ObjectSchema<Task>& describe(Type<Task>) {
  static const auto schema =
      object<Task>("TaskFields")
          .field("title", &Task::title, string().min(1).max(500))
          .field_or("description", &Task::description, string().max(50'000), "", "Markdown.")
          .field("dueDate", &Task::due_date, date_schema(), kDateDocs)
          .field_or("priority", &Task::priority, one_of({"low", "normal", "high", "urgent"}),
                    "normal")
          .field_or("status", &Task::status, one_of({"open", "in_progress", "done"}), "open")
          .field("projectId", &Task::project_id, string().uuid(), "The project it is for.");
  return schema;
}

}  // namespace

void add(const Rooms& rooms) {
  Noun<Task> tasks(rooms, {.name = "task",
                           .plural = "tasks",
                           .indexed = {"status", "dueDate", "priority", "projectId"},
                           .references = {{"projectId", "projects"}}});
  tasks.add_field_change({.procedure = "complete",
                          .action = "completion",
                          .summary = "Say that a task is done.",
                          .field = "status",
                          .value = "done"});
  tasks.add_field_change({.procedure = "reopen",
                          .action = "reopening",
                          .summary = "Say that a task is open again.",
                          .field = "status",
                          .value = "open"});
}

}  // namespace synap::features::tasks

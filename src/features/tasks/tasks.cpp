#include "features/tasks/tasks.h"

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

struct Nothing {};
const ObjectSchema<Nothing>& describe(Type<Nothing>) {
  static const auto schema = object<Nothing>("NoFields");
  return schema;
}

}  // namespace

void add(const Rooms& rooms) {
  Noun<Task> tasks(rooms, {.name = "task",
                           .plural = "tasks",
                           .indexed = {"status", "dueDate", "priority", "projectId"},
                           .references = {{"projectId", "projects"}}});
  tasks.add_change<Nothing>(
      {.procedure = "complete", .action = "completion", .summary = "Say that a task is done."},
      [](Task task, const Nothing&) -> Result<Task> {
        task.status = "done";
        return task;
      });
  tasks.add_change<Nothing>(
      {.procedure = "reopen", .action = "reopening", .summary = "Say that a task is open again."},
      [](Task task, const Nothing&) -> Result<Task> {
        task.status = "open";
        return task;
      });
}

}  // namespace synap::features::tasks

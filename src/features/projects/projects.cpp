// Projects: what tasks are for.
#include "features/noun/dates.h"
#include "features/noun/noun.h"

namespace synap::features::projects {
namespace {

struct Project {
  std::string title;
  std::string description;
  std::optional<std::string> start_date;
  std::optional<std::string> end_date;
  std::string status;
};
const ObjectSchema<Project>& describe(Type<Project>) {
  static const auto schema =
      object<Project>("ProjectFields")
          .field("title", &Project::title, string().min(1).max(500))
          .field_or("description", &Project::description, string().max(50'000), "", "Markdown.")
          .field("startDate", &Project::start_date, date_schema(), kDateDocs)
          .field("endDate", &Project::end_date, date_schema(), kDateDocs)
          .field_or("status", &Project::status, one_of({"active", "paused", "completed"}),
                    "active");
  return schema;
}

}  // namespace

void add(const Rooms& rooms) {
  Noun<Project> projects(rooms, {.name = "project",
                                 .plural = "projects",
                                 .indexed = {"status", "startDate", "endDate", "title"}});
  projects.add_field_change({.procedure = "complete",
                             .action = "completion",
                             .summary = "Say that a project is completed.",
                             .field = "status",
                             .value = "completed"});
  projects.add_field_change({.procedure = "reopen",
                             .action = "reopening",
                             .summary = "Make a project active again.",
                             .field = "status",
                             .value = "active"});
}

}  // namespace synap::features::projects

// What a person does in a scenario, with who did it as an event: ann, who owns the pod, or somebody
// else (`as bob`), who does not.
#include "rig_parts.h"

#include <fmt/format.h>

namespace synap::scenarios {
namespace {

std::string result_line(const Error& error) {
  return fmt::format("{}: {}\n", info(error.code).name, error.message);
}

workers::Person person_of(const std::vector<std::string>& words) {
  const bool is_another = words.size() > 2 && words[words.size() - 2] == "as";
  const auto user = is_another ? words.back() : std::string("ann");
  return {.user_id = user, .actor = events::Actor::key("key of " + user), .is_owner = !is_another};
}

}  // namespace

// pause FUNCTION [as USER]; resume FUNCTION [as USER]
std::string Rig::pause(const Words& words) {
  auto& control = parts_->engine->control;
  const auto changed =
      sync_wait(executor_, words[0] == "pause" ? control.pause(person_of(words), words[1])
                                               : control.resume(person_of(words), words[1]));
  if (!changed) return result_line(changed.error());
  return changed->has_changed ? "ok\n" : "it was so before\n";
}

// rerun RUN [from STEP] [as USER]
std::string Rig::rerun(const Words& words) {
  workers::RunControl::Rerun how;
  if (words.size() > 3 && words[2] == "from") how.from_step = workers::step_hash(words[3], 0);
  const auto made = sync_wait(
      executor_, parts_->engine->control.rerun(person_of(words), run_id(words[1]), std::move(how)));
  return made ? "ok\n" : result_line(made.error());
}

// discard RUN [as USER]
std::string Rig::discard(const Words& words) {
  const auto done =
      sync_wait(executor_, parts_->engine->control.discard(person_of(words), run_id(words[1])));
  return done ? "ok\n" : result_line(done.error());
}

// sweep retry|discard [limit N]: dead letters, until there are no more
std::string Rig::sweep(const Words& words) {
  using Fate = workers::RunControl::Fate;
  workers::DeadLetters which;
  if (words.size() > 3) which.limit = std::stoll(words[3]);
  const auto fate = words[1] == "retry" ? Fate::kRetry : Fate::kDiscard;
  const auto swept =
      sync_wait(executor_, parts_->engine->control.sweep(person_of(words), which, fate));
  if (!swept) return result_line(swept.error());
  return fmt::format("{}, passed over {}{}\n", swept->done, swept->passed_over,
                     swept->next_before ? ", and there are more" : "");
}

}  // namespace synap::scenarios

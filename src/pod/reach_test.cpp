// Whom the agents of a pod reach beside it.
#include <gtest/gtest.h>

#include "agents/agents.h"
#include "pod/description.h"

namespace synap::pod {
namespace {

// Where one is to have a way out, a list of the hosts that it may reach belongs to it, which is
// enforced where the call is made (outbound::Policy): docs/agents.md says that there is none.
TEST(Reach, NoAgentHasAWayOut) {
  const Description description;
  int tools = 0;
  for (const auto* agent : description.agents().all()) {
    for (const auto& path : agent->tools) {
      const auto* procedure = description.procedures().find(path);
      ASSERT_NE(procedure, nullptr) << path;
      EXPECT_EQ(procedure->meta.reach, rpc::Reach::kPod) << agent->name << " calls " << path;
      ++tools;
    }
  }
  EXPECT_GE(tools, 20);
}

}  // namespace
}  // namespace synap::pod

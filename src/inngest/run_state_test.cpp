#include "inngest/run_state.h"

#include <gtest/gtest.h>

#include <tuple>

namespace synap::inngest {
namespace {

TEST(RunState, OfEachStatusIsTheSameInAllLanguages) {
  for (const auto& [status, rest, graphql] : {std::tuple("active", "Running", "RUNNING"),
                                              {"sleeping", "Running", "RUNNING"},
                                              {"completed", "Completed", "COMPLETED"},
                                              {"failed", "Failed", "FAILED"},
                                              {"discarded", "Failed", "FAILED"},
                                              {"cancelled", "Cancelled", "CANCELLED"}}) {
    const auto state = run_state_of(status);
    EXPECT_EQ(rest_name(state), rest) << status;
    EXPECT_EQ(graphql_name(state), graphql) << status;
  }
}

}  // namespace
}  // namespace synap::inngest

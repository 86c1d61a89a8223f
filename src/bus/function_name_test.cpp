#include "bus/function_name.h"

#include <gtest/gtest.h>

namespace synap::bus {
namespace {

Function own(const std::string& app, const std::string& name, const std::string& user) {
  return {.id = function_id(app + "-" + name, user), .user_id = user, .app = app};
}

class FunctionMeant : public testing::Test {
 protected:
  FunctionMeant() {
    functions.add({.id = "notes.create"});
    functions.add(own("shop", "pay", "ann"));
    functions.add(own("shop", "send", "ann"));
    functions.add(own("mail", "send", "ann"));
    functions.add(own("shop", "pay", "bob"));
  }
  std::string meant(std::string_view text, std::string_view user = "ann") {
    const auto found = function_meant(*functions.now(), user, text);
    return found ? (*found)->id : found.error().message;
  }
  Functions functions;
};

TEST_F(FunctionMeant, IsFoundByItsIdItsNameOrItsNameInItsApp) {
  EXPECT_EQ(meant("notes.create"), "notes.create");
  EXPECT_EQ(meant("shop-pay@ann"), "shop-pay@ann");
  EXPECT_EQ(meant("shop-pay"), "shop-pay@ann");
  EXPECT_EQ(meant("pay"), "shop-pay@ann");
  EXPECT_EQ(meant("pay", "bob"), "shop-pay@bob");
}

TEST_F(FunctionMeant, ANameOfSeveralAppsIsRefusedWithThoseThatItMayBe) {
  const auto found = function_meant(*functions.now(), "ann", "send");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::kBadRequest);
  EXPECT_EQ(found.error().message, "send may be mail-send or shop-send: say which");
}

TEST_F(FunctionMeant, OfAnotherUserIsNotThere) {
  const auto found = function_meant(*functions.now(), "ann", "shop-pay@bob");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::kNotFound);
  EXPECT_EQ(found.error().message,
            "There is no function shop-pay@bob for your events: functions.list has those that "
            "there are");
}

}  // namespace
}  // namespace synap::bus

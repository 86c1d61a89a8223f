// Every schedule of robfig.txt is taken or refused as robfig/cron does, and names the same times.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "cron/schedule.h"

namespace synap::cron {
namespace {

// A start and the times that follow, as one line has them.
struct Case {
  std::int64_t start_ms = 0;
  std::vector<std::int64_t> ticks_ms;
  bool is_then_over = false;  // the reference found no time after these
};

struct Expression {
  int line = 0;
  std::string text;
  bool is_accepted = false;
  std::vector<Case> cases;
};

Case read_case(const std::string& line) {
  Case read;
  std::istringstream words(line);
  words >> read.start_ms;
  auto at = read.start_ms / 1'000;
  for (std::string word; words >> word;) {
    if (word == "-") {
      read.is_then_over = true;
      break;
    }
    at += std::stoll(word);
    read.ticks_ms.push_back(at * 1'000);
  }
  return read;
}

std::vector<Expression> read_expressions() {
  std::vector<Expression> expressions;
  std::ifstream file(SYNAP_CRON_CASES);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.starts_with("! ") || line.starts_with("= ")) {
      const auto text = line.substr(3, line.size() - 4);
      expressions.push_back({number, text, line.starts_with("= "), {}});
    } else {
      expressions.back().cases.push_back(read_case(line));
    }
  }
  return expressions;
}

// What is another than the reference says, or nothing.
std::optional<std::string> difference(const Schedule& schedule, const Case& given) {
  auto at = given.start_ms;
  for (const auto expected : given.ticks_ms) {
    const auto next = schedule.next(at);
    if (next != expected) {
      return fmt::format("after {} ms comes {}, not {}", at,
                         next ? std::to_string(*next) : "nothing", expected);
    }
    at = expected;
  }
  if (given.is_then_over && schedule.next(at)) {
    return fmt::format("after {} ms comes {}, not nothing", at, *schedule.next(at));
  }
  return std::nullopt;
}

class Robfig : public testing::Test {
 protected:
  // A list of all differences would be long where there is one mistake.
  void tell(const Expression& expression, const std::string& what) {
    if (++told_ <= 40) {
      ADD_FAILURE() << "robfig.txt:" << expression.line << ": \"" << expression.text
                    << "\": " << what;
    }
  }

  const std::vector<Expression> expressions_ = read_expressions();
  int told_ = 0;
};

TEST_F(Robfig, RefusesTheSameExpressions) {
  std::size_t refused = 0;
  for (const auto& expression : expressions_) {
    const auto schedule = Schedule::parse(expression.text);
    if (!expression.is_accepted) ++refused;
    if (schedule.has_value() != expression.is_accepted) {
      tell(expression, schedule ? "is taken" : schedule.error().message);
    }
  }
  EXPECT_GT(refused, 2'500U);
  EXPECT_GT(expressions_.size() - refused, 3'500U);
}

TEST_F(Robfig, NamesTheSameTimes) {
  std::size_t cases = 0;
  for (const auto& expression : expressions_) {
    const auto schedule = Schedule::parse(expression.text);
    if (!schedule) continue;
    for (const auto& given : expression.cases) {
      ++cases;
      if (const auto what = difference(*schedule, given)) tell(expression, *what);
    }
  }
  EXPECT_GT(cases, 13'000U);
}

}  // namespace
}  // namespace synap::cron

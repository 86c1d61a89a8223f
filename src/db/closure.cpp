#include "db/closure.h"

#include <exception>

#include "base/log.h"

namespace synap::db {

void carry_out(database_detail::Operation& operation, Tx& tx) {
  const auto threw = [&tx](std::string_view what) {
    write_log_bounded(Same::kLine, LogLevel::kError, "db", "database: a closure threw: {error}",
                      {{"error", what}});
    tx.abort({Code::kInternalServerError, "An internal error was logged", nullptr});
  };
  // The statements it had open are closed by then: their rows were on its stack.
  try {
    operation.run(tx);
  } catch (const std::exception& exception) {
    threw(exception.what());
  } catch (...) {
    threw("what is no std::exception");
  }
}

}  // namespace synap::db

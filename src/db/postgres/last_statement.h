// LastStatement: what a transaction does last. It is sent together with the COMMIT and not waited
// for: whatever it locks that others want too, it holds for no longer than the commit takes, and
// never while a message is on its way.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "db/database.h"

namespace synap::db::postgres {

struct LastStatement {
  std::string sql;
  std::vector<Value> values;  // what they view must live until it has been sent
  /// SQL that gives the same rows when the transaction is committed and no other has been: for when
  /// the answer was lost. Empty: there is none.
  std::string asked_later = {};
  /// Called with its rows once the transaction is committed, before the actions of its closures.
  std::function<void(Rows&)> answer;
};

}  // namespace synap::db::postgres

// TestDatabase: a database of its own on the PostgreSQL server of the tests.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "db/postgres/connection.h"

namespace synap::db::postgres {

/// The server is the one of SYNAP_TEST_POSTGRES_URL, a URL without a database; ctest starts it
/// (tests/postgres/server.sh).
class TestDatabase {
 public:
  TestDatabase() {
    const char* server = std::getenv("SYNAP_TEST_POSTGRES_URL");
    SYNAP_CHECK(server != nullptr,
                "set SYNAP_TEST_POSTGRES_URL, or run this by ctest, which starts a server");
    server_ = server;
    static std::atomic<int> count{0};
    name_ = fmt::format("test_{}_{}", ::getpid(), ++count);
    ask("CREATE DATABASE " + name_);
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;
  ~TestDatabase() {
    ask("DROP DATABASE " + name_ + " WITH (FORCE)");
    ask("DROP ROLE IF EXISTS " + name_ + "_tenant");
  }

  std::string url() const { return of(name_); }

 private:
  // "postgres://user@/?host=/directory": the name stands before the question mark.
  std::string of(const std::string& database) const {
    const auto query = server_.find('?');
    if (query == std::string::npos) return server_ + "/" + database;
    return server_.substr(0, query) + database + server_.substr(query);
  }
  void ask(const std::string& sql) const {
    Connection connection({.url = of("postgres")});
    SYNAP_CHECK(!connection.connect(), "the server of SYNAP_TEST_POSTGRES_URL does not answer");
    SYNAP_CHECK(connection.execute(sql), "the server refuses a database for the test");
  }

  std::string server_;
  std::string name_;
};

}  // namespace synap::db::postgres

// TestDatabase: a database of its own on the PostgreSQL server of the tests.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "base/check.h"
#include "db/postgres/connection.h"

namespace synap::db::postgres {

/// The server is the one of SYNAP_TEST_POSTGRES_URL, a URL without a database; ctest starts it
/// (tests/postgres/server.sh).
///
/// It is empty, but may have been another test's: to empty one takes the server 30 ms, to make and
/// drop one 200. Whoever has it holds the lock of its number, so that what a killed test had is
/// free again; whoever takes it empties it.
class TestDatabase {
 public:
  TestDatabase() : lease_(as_operator(of("postgres"))) {
    connect(lease_);
    int number = 1;
    while (!is_true(lease_, fmt::format("SELECT pg_try_advisory_lock({}, {})", kLease, number))) {
      ++number;
    }
    name_ = fmt::format("test_{}", number);
    if (is_true(lease_, fmt::format("SELECT EXISTS (SELECT FROM pg_database WHERE datname = '{}')",
                                    name_))) {
      empty();
    } else {
      run(lease_, "CREATE DATABASE " + name_);
    }
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;
  ~TestDatabase() = default;

  std::string url() const {
    return is_pooled() ? fmt::format("postgres://synap@/{}?host={}&port=6432", name_,
                                     std::getenv("SYNAP_TEST_POSTGRES_POOLER"))
                       : of(name_);
  }
  /// Past the pooler, if there is one.
  std::string direct_url() const { return of(name_); }
  /// Between it and the test is a pooler of transactions, whose socket is in the directory of
  /// SYNAP_TEST_POSTGRES_POOLER (tests/postgres/pooler.sh).
  static bool is_pooled() { return std::getenv("SYNAP_TEST_POSTGRES_POOLER") != nullptr; }

 private:
  static constexpr int kLease = 0x74657374;  // "test" in ASCII

  static ConnectionOptions as_operator(std::string url) {
    // A machine that runs all tests at once may take long for any of this.
    return {.url = std::move(url),
            .statement_time_max = std::chrono::minutes(1),
            .lock_time_max = std::chrono::minutes(1)};
  }
  static void connect(Connection& connection) {
    SYNAP_CHECK(!connection.connect(), "the server of SYNAP_TEST_POSTGRES_URL does not answer");
    connection.begin_closure();
  }
  static void run(Connection& connection, const std::string& sql) {
    SYNAP_CHECK(connection.execute(sql), "the server refuses a database for the test");
  }
  static bool is_true(Connection& connection, const std::string& question) {
    auto rows = connection.query(question);
    SYNAP_CHECK(rows.next(), "the server of SYNAP_TEST_POSTGRES_URL gives no answer");
    return rows.integer(0) != 0;
  }

  void empty() {
    Connection connection(as_operator(of(name_)));
    connect(connection);
    run(connection, "SET client_min_messages = warning");
    run(connection,
        // Those of a test that was killed may still be there.
        "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = "
        "current_database() AND pid <> pg_backend_pid();"
        "DO $$ DECLARE one text; BEGIN"
        "  FOR one IN SELECT nspname FROM pg_namespace"
        "    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        // Of an extension that each database of this server has, in a schema of its own.
        "    AND nspname <> 'extensions' AND NOT EXISTS (SELECT FROM pg_depend WHERE deptype = 'e'"
        "      AND classid = 'pg_namespace'::regclass AND objid = pg_namespace.oid) LOOP"
        "    EXECUTE format('DROP SCHEMA %I CASCADE', one);"
        "  END LOOP;"
        "  EXECUTE format('ALTER DATABASE %I RESET ALL', current_database());"
        "  FOREACH one IN ARRAY ARRAY['_pod', '_tenant', '_views'] LOOP"
        "    EXECUTE format('DROP ROLE IF EXISTS %I', current_database() || one);"
        "  END LOOP;"
        "END $$;"
        // As it is in a new one.
        "CREATE SCHEMA public AUTHORIZATION pg_database_owner;"
        "GRANT USAGE ON SCHEMA public TO PUBLIC");
  }

  // "postgres://user@/?host=/directory": the name stands before the question mark.
  static std::string of(const std::string& database) {
    const char* given = std::getenv("SYNAP_TEST_POSTGRES_URL");
    SYNAP_CHECK(given != nullptr,
                "set SYNAP_TEST_POSTGRES_URL, or run this by ctest, which starts a server");
    const std::string server = given;
    const auto query = server.find('?');
    if (query == std::string::npos) return server + "/" + database;
    return server.substr(0, query) + database + server.substr(query);
  }

  Connection lease_;
  std::string name_;
};

}  // namespace synap::db::postgres

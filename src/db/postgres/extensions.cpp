#include "db/postgres/extensions.h"

namespace synap::db::postgres {

// TimescaleDB ends the connection that makes it where the server has not loaded it at its start;
// where it has, there is this setting.
const std::string_view kExtensions = R"(
DO $$ DECLARE one text; BEGIN
  FOR one IN SELECT name FROM pg_available_extensions
    WHERE installed_version IS NULL AND (name = 'vector'
      OR name = 'timescaledb' AND current_setting('timescaledb.disable_load', true) IS NOT NULL)
  LOOP
    BEGIN
      EXECUTE format('CREATE EXTENSION %I', one);
    EXCEPTION WHEN OTHERS THEN
      RAISE LOG 'synap: the extension % cannot be made: %', one, SQLERRM;
    END;
  END LOOP;
END $$)";

}  // namespace synap::db::postgres

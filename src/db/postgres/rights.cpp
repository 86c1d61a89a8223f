#include "db/postgres/rights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace synap::db::postgres {

// Roles are the server's, not a database's: each database has some of its own. From 16 on whoever
// makes a role may give it to himself, but does not have it yet. The owner has what the roles have:
// the pod's policies hold for him, too, and views of theirs he may drop.
const std::string_view kRoles = R"(
DO $$ DECLARE
  pod text := current_database() || '_pod';
  tenant text := current_database() || '_tenant';
  views text := current_database() || '_views';
  is_16 boolean := current_setting('server_version_num')::int >= 160000;
  one text;
BEGIN
  FOREACH one IN ARRAY ARRAY[pod, tenant, views] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = one) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', one);
    END IF;
    IF NOT pg_has_role(current_user, one, 'USAGE')
        OR NOT pg_has_role(current_user, one, CASE WHEN is_16 THEN 'SET' ELSE 'MEMBER' END) THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', one)
        || CASE WHEN is_16 THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), one);
  END LOOP;
  -- Without it nobody can be given a view.
  IF NOT has_schema_privilege(views, current_schema(), 'CREATE') THEN
    EXECUTE format('GRANT CREATE ON SCHEMA %I TO %I', current_schema(), views);
  END IF;
  -- What is made is written to in the same transaction.
  IF NOT EXISTS (SELECT FROM pg_default_acl, aclexplode(defaclacl) AS given
      WHERE defaclrole = quote_ident(current_user)::regrole AND defaclobjtype = 'r'
        AND defaclnamespace = quote_ident(current_schema())::regnamespace
        AND given.grantee = quote_ident(pod)::regrole) THEN
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE '
      'ON TABLES TO %I', current_schema(), pod);
  END IF;
END $$)";

namespace {

// Which views are listed: those that call current_user_id(), as they are now. One that does not any
// more would keep its right. What has the rights that it is to have is left alone: each GRANT and
// REVOKE changes a row of the catalogue, after which all connections read anew what the table is.
// And the catalogue is asked who calls the function, since to have the text of each view made, to
// look for it there, takes tens of milliseconds.
//
// A policy says `user_id = current_user_id()`, as views do, and not `(SELECT current_user_id())`:
// the planner finds that the two are one and the same, and looks once, in an index. It may do so
// before it has looked whose a row is only by what gives nothing away of it (LEAKPROOF: =, <, rows
// of these). Where a table says whose its rows are by another's, that is asked a row at a time, by
// the other's key: an EXISTS may be answered by reading all that the user has there.
constexpr std::string_view kRights = R"(
  pod regrole := quote_ident(current_database() || '_pod')::regrole;
  tenant regrole := quote_ident(current_database() || '_tenant')::regrole;
  views regrole := quote_ident(current_database() || '_views')::regrole;
  here regnamespace := quote_ident(current_schema())::regnamespace;
  listed oid[] := ARRAY(
    SELECT view.oid FROM pg_class AS view
    WHERE view.relnamespace = here AND view.relkind = 'v' AND EXISTS (
      SELECT FROM pg_rewrite AS rule JOIN pg_depend AS need
        ON need.classid = 'pg_rewrite'::regclass AND need.objid = rule.oid
      WHERE rule.ev_class = view.oid AND need.refclassid = 'pg_proc'::regclass
        AND need.refobjid = 'current_user_id()'::regprocedure));
  -- What they show: their tables, and themselves.
  shown oid[] := ARRAY(
    SELECT need.refobjid FROM pg_rewrite AS rule JOIN pg_depend AS need
      ON need.classid = 'pg_rewrite'::regclass AND need.objid = rule.oid
    WHERE rule.ev_class = ANY(listed) AND need.refclassid = 'pg_class'::regclass);
  -- What a transaction has changed, and what its views show.
  changed oid[] := ARRAY(
    SELECT oid FROM pg_class WHERE relnamespace = here AND xmin = changed_by
    UNION ALL SELECT need.refobjid FROM pg_class AS view
      JOIN pg_rewrite AS rule ON rule.ev_class = view.oid
      JOIN pg_depend AS need ON need.classid = 'pg_rewrite'::regclass AND need.objid = rule.oid
      WHERE view.relnamespace = here AND view.xmin = changed_by
        AND need.refclassid = 'pg_class'::regclass);
  one record;
BEGIN
  FOR one IN
    SELECT relation.oid::regclass AS name, whose.condition
    FROM pg_class AS relation
    CROSS JOIN LATERAL (SELECT coalesce(
      (SELECT 'user_id = current_user_id()' FROM pg_attribute AS had
        WHERE had.attrelid = relation.oid AND had.attname = 'user_id' AND NOT had.attisdropped),
      (SELECT format('(SELECT owner.user_id FROM %I AS owner WHERE owner.id = %I.%I) '
            '= current_user_id()', said.owner, relation.relname, had.attname)
        FROM pg_attribute AS had
        CROSS JOIN LATERAL (SELECT substring(col_description(relation.oid, had.attnum)
          FROM '^rows of (\w+)$') AS owner) AS said
        WHERE had.attrelid = relation.oid AND had.attnum > 0 AND NOT had.attisdropped
          AND said.owner IS NOT NULL)) AS condition) AS whose
    WHERE relation.relnamespace = here AND relation.relkind IN ('r', 'p')
      AND NOT relation.relispartition
      AND (is_for_all OR relation.oid = ANY(changed))
      AND pg_has_role(relation.relowner, 'USAGE') AND whose.condition IS NOT NULL
      AND NOT (relation.relrowsecurity AND relation.relforcerowsecurity AND 2 = (
        SELECT count(*) FROM pg_policy WHERE polrelid = relation.oid AND (
          polname = 'pod' AND polroles = ARRAY[pod::oid]
          OR polname = 'user' AND polroles = ARRAY[views::oid])))
  LOOP
    EXECUTE format('DROP POLICY IF EXISTS pod ON %s', one.name);
    EXECUTE format('DROP POLICY IF EXISTS "user" ON %s', one.name);
    EXECUTE format('CREATE POLICY pod ON %s TO %s USING (true)', one.name, pod);
    EXECUTE format('CREATE POLICY "user" ON %s FOR SELECT TO %s USING (%s)', one.name, views,
      one.condition);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', one.name);
  END LOOP;

  FOR one IN
    SELECT view.oid::regclass AS name,
      CASE WHEN view.oid = ANY(listed) THEN views::text ELSE 'CURRENT_USER' END AS owner
    FROM pg_class AS view
    WHERE view.relnamespace = here AND view.relkind = 'v'
      AND (is_for_all OR view.oid = ANY(changed))
      AND pg_has_role(view.relowner, 'USAGE')
      AND (view.oid = ANY(listed)) <> (view.relowner = views)
  LOOP
    EXECUTE format('ALTER VIEW %s OWNER TO %s', one.name, one.owner);
  END LOOP;

  FOR one IN
    SELECT relation.oid::regclass AS name, given.role, given.rights
    FROM pg_class AS relation
    CROSS JOIN LATERAL (VALUES
      (pod, CASE WHEN NOT relation.relispartition THEN 'SELECT, INSERT, UPDATE, DELETE' END),
      (tenant, CASE WHEN relation.oid = ANY(listed) THEN 'SELECT' END),
      (views, CASE WHEN relation.oid = ANY(shown) AND NOT relation.relispartition AND EXISTS (
        SELECT FROM pg_policy WHERE polrelid = relation.oid AND views::oid = ANY(polroles))
        THEN 'SELECT' END)) AS given(role, rights)
    CROSS JOIN LATERAL (SELECT string_agg(privilege_type, ', ' ORDER BY
        position(privilege_type IN 'SELECT, INSERT, UPDATE, DELETE')) AS rights
      FROM aclexplode(relation.relacl) WHERE grantee = given.role) AS had
    WHERE relation.relnamespace = here AND relation.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND (is_for_all OR relation.oid = ANY(changed))
      AND pg_has_role(relation.relowner, 'USAGE') AND relation.relowner <> given.role
      AND had.rights IS DISTINCT FROM given.rights
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %s', one.name, one.role);
    IF one.rights IS NOT NULL THEN
      EXECUTE format('GRANT %s ON %s TO %s', one.rights, one.name, one.role);
    END IF;
  END LOOP;
END $$)";

std::string rights(std::string_view is_for_all) {
  return fmt::format(
      "DO $$ DECLARE is_for_all boolean := {};\n"
      "  changed_by xid := pg_current_xact_id()::xid;\n{}",
      is_for_all, kRights);
}

}  // namespace

const std::string kRightsOfAll = rights("true");
const std::string kRightsOfChanged = rights("false");

const std::string_view kBePod =
    "SELECT set_config('role', rolname, false) FROM pg_roles "
    "WHERE rolname = current_database() || '_pod' AND pg_has_role(session_user, oid, CASE "
    "WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)";
const std::string_view kRoleOfPod =
    "(SELECT rolname FROM pg_roles "
    "WHERE rolname = current_database() || '_pod' AND pg_has_role(session_user, oid, CASE "
    "WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END))";
const std::string_view kBeOwnerHere = "SELECT set_config('role', 'none', true)";
const std::string_view kBePodHere = "SELECT set_config('role', current_database() || '_pod', true)";
const std::string_view kBeTenantHere =
    "SELECT set_config('synap.user_id', $1, true), "
    "set_config('role', current_database() || '_tenant', true)";

bool is_owners(std::string_view sql) {
  constexpr std::array<std::string_view, 5> kVerbs = {"CREATE ", "ALTER ", "DROP ", "DO ",
                                                      "TRUNCATE "};
  sql.remove_prefix(std::min(sql.find_first_not_of(" \n"), sql.size()));
  return std::ranges::any_of(kVerbs, [&](auto verb) { return sql.starts_with(verb); });
}

}  // namespace synap::db::postgres

// A query whose input no URL has room for: it is asked over REST, where a query may have a body. What
// is answered there is told to tRPC's link as the pod would tell it over tRPC.
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
// As zod flattens them.
function flattened(issues) {
    const formErrors = [];
    const fieldErrors = new Map();
    for (const { path = [], message } of issues) {
        if (path.length === 0) {
            formErrors.push(message);
            continue;
        }
        const field = String(path[0]);
        fieldErrors.set(field, [...(fieldErrors.get(field) ?? []), message]);
    }
    return { formErrors, fieldErrors: Object.fromEntries(fieldErrors) };
}
const isProblem = (value) => {
    const { detail, code } = (value ?? {});
    return typeof detail === 'string' && typeof code === 'string' && code in TRPC_ERROR_CODES_BY_KEY;
};
function errorOf(problem, path, unknownKeys) {
    const { detail, code, status, issues, details } = problem;
    return {
        message: issues ? JSON.stringify(issues, null, 2) : detail,
        code: TRPC_ERROR_CODES_BY_KEY[code],
        data: {
            code,
            httpStatus: status,
            path,
            ...(details ? { details } : {}),
            zodError: issues ? flattened(issues) : null,
            ...unknownKeys,
        },
    };
}
async function envelopeOf(response, json, path) {
    const keys = response.headers.get('synap-unknown-keys');
    const unknownKeys = keys === null ? {} : { unknownKeys: JSON.parse(keys) };
    if (response.status === 204)
        return { result: unknownKeys };
    const answer = await json();
    if (response.ok)
        return { result: { data: answer, ...unknownKeys } };
    return isProblem(answer) ? { error: errorOf(answer, path, unknownKeys) } : answer;
}
/** `http`, for a link of tRPC whose method is always POST, and which asks over REST with it. */
export function overRest(http) {
    const url = http.url.replace(/trpc$/, 'api');
    const ask = async (target, init) => {
        const response = (await http.fetch(target, init));
        const path = decodeURIComponent(String(target).slice(url.length + 1));
        const json = response.json.bind(response);
        const value = () => envelopeOf(response, json, path);
        return Object.defineProperty(response, 'json', { value, configurable: true });
    };
    return { ...http, url, fetch: ask };
}

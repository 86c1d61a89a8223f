// Whether what answers is a pod: a proxy's page, another program and a loop of redirects are not, and
// that they answer is not to be taken for a pod's silence.
import { NoPodError } from './errors.js';
const isEnvelope = (value) => {
    const { result, error } = (value ?? {});
    const told = result ?? error;
    return typeof told === 'object' && told !== null;
};
// One of a call, or a list of those of a batch.
const isOfPod = (answer) => Array.isArray(answer) ? answer.length > 0 && answer.every(isEnvelope) : isEnvelope(answer);
// As Node says it; browsers do not say why.
const isRedirectLoop = (error) => {
    const { cause } = (error ?? {});
    return String(cause?.message).includes('redirect count exceeded');
};
/** `ask`, with answers of the pod only: of another one it throws a NoPodError. */
export function answersOfPod(endpoint, ask) {
    const url = endpoint.replace(/\/trpc$/, '');
    return async (target, init) => {
        const response = await ask(target, init).catch((error) => {
            throw isRedirectLoop(error) ? new NoPodError(url, 'it redirects again and again') : error;
        });
        const json = response.json.bind(response);
        const value = async () => {
            const { status } = response;
            const noPod = () => new NoPodError(url, `its answer, of status ${status}, is not tRPC`);
            const answer = await json().catch((error) => {
                // A connection that is cut within the answer is no answer.
                throw error?.name === 'SyntaxError' ? noPod() : error;
            });
            if (!isOfPod(answer))
                throw noPod();
            return answer;
        };
        return Object.defineProperty(response, 'json', { value, configurable: true });
    };
}

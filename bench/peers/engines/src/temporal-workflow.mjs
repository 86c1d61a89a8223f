import { proxyActivities } from '@temporalio/workflow';

const { first, second, third } = proxyActivities({ startToCloseTimeout: '5 minutes' });

export async function three(askedAt) {
  return third(await second(await first(askedAt)));
}

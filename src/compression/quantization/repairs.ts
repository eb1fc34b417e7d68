import { correctedAxes, correctionsOf, withBiases } from './bias-correction.js';
import { type ChannelStatistics, channelStatistics } from './calibration/channel-statistics.js';
import { planQuantization } from './plan.js';
import { type CalibrationContext, calibrated, type Prepared } from './prepared.js';
import { type Migration, measuredAxes, migrate } from './scales/migrate.js';

/**
 * What may be done to a model, without labels, so that it loses less in 8 bits, in the order in which it is tried:
 * 'equalize': cross-layer equalization (Nagel et al. 2019, arXiv 1906.04721);
 * 'smooth': SmoothQuant (Xiao et al. 2022, arXiv 2211.10438);
 * 'correctBias': bias correction (Nagel et al. 2019, section 4.2).
 */
export const REPAIRS = ['equalize', 'smooth', 'correctBias'] as const;
export type Repair = (typeof REPAIRS)[number];

/** The prepared model after a repair. Undefined where there is nothing that it could do. */
export async function repaired(prepared: Prepared, repair: Repair, context: CalibrationContext): Promise<Prepared | undefined> {
  return repair === 'correctBias' ? biasCorrected(prepared, context) : migrated(prepared, repair, context);
}

async function migrated(prepared: Prepared, kind: Migration, context: CalibrationContext): Promise<Prepared | undefined> {
  const statistics = await measured(prepared, measuredAxes(prepared.model, kind), context);
  const found = migrate(prepared.model, kind, statistics, prepared.weight.perChannel);
  if (!found) return undefined;
  const words =
    kind === 'equalize' ? 'Scales were equalized across layers' : 'Scales of activations were moved into the layers that read them';
  return { ...(await calibrated(found.model, context)), repairs: [...prepared.repairs, `${words}, in ${found.places} place(s).`] };
}

async function biasCorrected(prepared: Prepared, context: CalibrationContext): Promise<Prepared | undefined> {
  const model = withBiases(prepared.model);
  const plan = planQuantization(model.graph, prepared.planOptions);
  const statistics = await measured({ ...prepared, model }, correctedAxes(model.graph, plan.layers), context);
  const corrections = correctionsOf(model.graph, plan.layers, statistics, prepared.weight);
  if (corrections.size === 0) return undefined;
  const words = `Biases of ${corrections.size} layer(s) take back what rounding the weights shifts.`;
  return { ...prepared, model, plan, corrections, repairs: [...prepared.repairs, words] };
}

function measured(
  { model }: Prepared,
  axes: ReadonlyMap<string, number>,
  context: CalibrationContext,
): Promise<Map<string, ChannelStatistics>> {
  const { samples = 500 } = context;
  return channelStatistics({ ...context, model, axes, samples });
}

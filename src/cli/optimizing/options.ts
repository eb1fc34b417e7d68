import { type Command, InvalidArgumentError, Option } from 'commander';
import { architectures } from '../../architectures/index.js';
import { samplers, stoppers } from '../../automation/index.js';
import { type LanguageName, languages } from '../../infrastructure/targets/index.js';
import { type Limits, type ObjectiveName, WAVE } from '../../strategies/index.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../options.js';
import { type AddressOptions, addAddressOptions } from '../studio/address.js';
import { bytes, count, latency, milliseconds, number, positiveInteger, positiveIntegers, positiveNumber } from '../units.js';
import { strategies } from './strategies.js';

export interface Options extends CommonOptions, AddressOptions, Omit<DataOptions, 'limit'> {
  limit?: number;
  rules?: Limits['rules'];
  arch?: string;
  width: number;
  depth: number;
  resolution?: number;
  strategy?: 'shrink-and-improve' | 'grow-improve-shrink';
  out: string;
  trials: number;
  budget?: number;
  epochs?: number;
  jobs?: number;
  queue?: string;
  tag?: string;
  store?: string;
  tokenFile?: string;
  wave?: number;
  detach?: boolean;
  serveJobs?: boolean;
  located?: string;
  families?: string[];
  sampler?: string;
  stopper?: string;
  warmStart?: string;
  objectives?: ObjectiveName[];
  hardware?: string;
  device?: string;
  deviceWait?: number;
  serving?: number[];
  watts?: number;
  pricePerHour?: number;
  compile?: LanguageName;
  maxRam?: number;
  maxFlash?: number;
  maxSize?: number;
  maxLatency?: number;
  maxMemory?: number;
  maxMacs?: number;
  maxDrop?: number;
  minQuality?: number;
}

/** The options of the main job. */
export function addRunOptions(command: Command): Command {
  const run = addDataOptions(command, {
    threads: 'threads of each recipe (default: 1), and of latency (default: all cores)',
    limits: true,
  })
    .addOption(new Option('--arch <name>', 'start from an architecture instead of a model').choices(architectures.map((each) => each.name)))
    .option('--width <factor>', 'channels of the architecture', positiveNumber, 1)
    .option('--depth <factor>', 'blocks per stage of the architecture', positiveNumber, 1)
    .option('--resolution <pixels>', 'side of its input image', positiveInteger)
    .addOption(
      new Option(
        '--strategy <name>',
        'what to search (default: shrink-and-improve for a model, grow-improve-shrink for an architecture)',
      ).choices(Object.keys(strategies)),
    )
    .requiredOption('-o, --out <folder>', 'where models, cards, report and journal go; an interrupted run goes on there')
    .option('--trials <number>', 'recipes to try', positiveInteger, 12)
    .option('--budget <time>', 'end the search after this time, e.g. 30m; what is done by then is measured and written', milliseconds)
    .option('--epochs <number>', 'epochs of one full training (default: by the amount of data)', positiveInteger)
    .option(
      '--jobs <number>',
      'recipes tried side by side, one thread each (default: 1; with --queue as many as a wave has)',
      positiveInteger,
    )
    .option('--queue <url>', 'have workers ("espalier worker") make and measure the models: redis://host:6379')
    .option('--tag <name>', 'only workers with this tag')
    .option(
      '--store <url>',
      'the studio through which workers get model and data and leave models: http://host:8080 (default: all share the folders)',
    )
    .option('--token-file <file>', "with the studio's token (default: the environment variable ESPALIER_TOKEN)")
    .option('--wave <number>', `recipes that are proposed at a time, from the results of those before (default: ${WAVE})`, positiveInteger)
    .option('--detach', 'go on in a process of its own that outlives the terminal; "espalier watch FOLDER" follows it')
    .addOption(new Option('--no-detach').hideHelp())
    .addOption(new Option('--serve-jobs').hideHelp())
    .addOption(new Option('--located <file>').hideHelp())
    .option(
      '--families <list>',
      'architectures to look at, the likeliest first, e.g. fast-cnn,resnet-8 (grow-improve-shrink; default: all)',
      families,
    )
    .addOption(
      new Option('--sampler <name>', 'what proposes recipes; see "espalier samplers" (default: tpe)').choices(Object.keys(samplers)),
    )
    .addOption(
      new Option('--stopper <name>', 'what gives up poor recipes early; see "espalier samplers" (default: none)').choices(
        Object.keys(stoppers),
      ),
    )
    .option('--warm-start <folder>', 'begin with the best recipes of an earlier run, and with what they came to where that counts here')
    .option('--objectives <list>', 'what quality is traded for: bytes, macs, memory, latency (default: bytes,macs)', objectives)
    .option(
      '--hardware <name>',
      'estimate latency for hardware that is not at hand instead of measuring it here: a name of "espalier estimate --list", or a JSON file',
    )
    .option(
      '--device <name>',
      'measure latency on a phone, tablet or computer that opens the link which is shown; models that answer wrongly there are not on the front',
    )
    .option('--device-wait <time>', 'how long the device may be away before the run stops (default: 30m)', milliseconds)
    .option(
      '--serving <list>',
      'serve the front with so many requests at a time, e.g. 1,2,4, or none (default: 1, 2, 4, … up to all cores, a quarter of a second each)',
      requests,
    )
    .option('--watts <number>', 'power of what serves, for the energy of a million inferences and of the run', positiveNumber)
    .option(
      '--price-per-hour <number>',
      'price of an hour of what serves, in any currency, for the cost of a million inferences',
      positiveNumber,
    )
    .addOption(
      new Option(
        '--compile <language>',
        'compile every model of the front as well, and check that (default: c where --max-ram or --max-flash is given)',
      ).choices(Object.keys(languages)),
    )
    .option('--max-ram <bytes>', 'most memory of the compiled model, inputs and outputs included, e.g. 64KB', bytes)
    .option('--max-flash <bytes>', 'most bytes of its code and constants, e.g. 256KB', bytes)
    .option('--max-size <bytes>', 'largest file, e.g. 100KB', bytes)
    .option('--max-latency <time>', 'longest median latency of one sample, e.g. 5ms', latency)
    .option('--max-memory <bytes>', 'most activation memory for one sample', bytes)
    .option('--max-macs <number>', 'most multiply-accumulates for one sample, e.g. 12M', count)
    .option('--max-drop <points>', 'largest loss of quality against the original, in percentage points', number)
    .option('--min-quality <value>', 'worst quality by the metric that leads, e.g. 0.9, or for errors the largest', number);
  return addAddressOptions(run, 'the page for --device');
}

/** Requests at a time; an empty list for none. */
function requests(text: string): number[] {
  if (text === 'none') return [];
  if (!/^\s*[1-9]\d*(\s*,\s*[1-9]\d*)*\s*$/.test(text)) throw new InvalidArgumentError('Expected whole numbers such as 1,2,4, or none.');
  return positiveIntegers(text);
}

function families(text: string): string[] {
  return someOf(
    architectures.map(({ name }) => name),
    text,
  );
}

function objectives(text: string): ObjectiveName[] {
  return someOf(['quality', 'bytes', 'macs', 'memory', 'latency'], text);
}

function someOf<Name extends string>(known: readonly Name[], text: string): Name[] {
  const wanted = text.split(',').map((name) => name.trim());
  if (!wanted.every((name) => known.includes(name as Name))) throw new InvalidArgumentError(`Expected some of ${known.join(', ')}.`);
  return wanted as Name[];
}

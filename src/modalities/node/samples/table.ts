import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../../base/index.js';
import type { SampleData } from './sample-data.js';

const ROWS = 800;
const DISTRICTS = ['north', 'harbour', 'old town', 'hills'];
/** What a square metre costs there, in thousands. */
const PRICES = [2.1, 3.4, 4.2, 2.8];

/** Flats and their prices: numbers, a category, and some values missing. */
export const tableSample: SampleData = {
  name: 'table',
  summary: '800 flats with area, rooms, year, district and price, some values missing, as flats.csv (made up)',
  async write(folder) {
    const random = new Random('flats');
    const rows = Array.from({ length: ROWS }, () => {
      const district = random.integer(DISTRICTS.length);
      const area = random.uniform(25, 140);
      const rooms = Math.max(1, Math.round(area / 28 + 0.5 * random.normal()));
      const year = 1900 + random.integer(125);
      const price = area * PRICES[district] * (0.8 + 0.3 * ((year - 1900) / 125) ** 2) + 12 * rooms + 15 * random.normal();
      const missing = (text: string) => (random.uniform() < 0.03 ? '' : text);
      return [missing(area.toFixed(1)), rooms, missing(String(year)), DISTRICTS[district], price.toFixed(1)].join(',');
    });
    await writeFile(join(folder, 'flats.csv'), `area,rooms,year,district,price\n${rows.join('\n')}\n`);
  },
};

import type { MicrocontrollerProfile } from './schema.js';

/** Sizes, clocks and currents by data sheets; currents are those of running code with peripherals off. */
export const microcontrollers: readonly MicrocontrollerProfile[] = [
  {
    kind: 'microcontroller',
    name: 'stm32f4',
    title: 'STMicroelectronics STM32F407VG (Cortex-M4, 168 MHz)',
    source: 'STM32F407 data sheet (DS8626): 168 MHz, 192 KiB of RAM, 1 MiB of flash; 238 µA/MHz from flash with its accelerator, at 3.3 V',
    core: 'cortex-m4',
    clockHertz: 168e6,
    memoryBytes: 192 * 1024,
    storageBytes: 2 ** 20,
    microamperesPerMegahertz: 238,
    volts: 3.3,
  },
  {
    kind: 'microcontroller',
    name: 'stm32h7',
    title: 'STMicroelectronics STM32H743 (Cortex-M7, 480 MHz)',
    source:
      'STM32H743 data sheet (DS12110): 480 MHz, 1 MiB of RAM, of which 512 KiB in one piece count here, 2 MiB of flash; 275 µA/MHz at 3.3 V',
    core: 'cortex-m7',
    clockHertz: 480e6,
    memoryBytes: 512 * 1024,
    storageBytes: 2 * 2 ** 20,
    microamperesPerMegahertz: 275,
    volts: 3.3,
  },
  {
    kind: 'microcontroller',
    name: 'rp2040',
    title: 'Raspberry Pi RP2040 (Cortex-M0+, 133 MHz)',
    source:
      'RP2040 data sheet: one of two cores at 133 MHz, 264 KiB of RAM; 2 MiB of flash as on the Raspberry Pi Pico; 180 µA/MHz is assumed (about 24 mA)',
    core: 'cortex-m0plus',
    clockHertz: 133e6,
    memoryBytes: 264 * 1024,
    storageBytes: 2 * 2 ** 20,
    microamperesPerMegahertz: 180,
    volts: 3.3,
  },
];

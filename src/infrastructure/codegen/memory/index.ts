export { type MemoryPlan, planMemory } from './plan.js';
